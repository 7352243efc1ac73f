/** Numbers for people, in the page's language. */

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Three significant digits, in steps of 1024, as the command line has them. */
export function formatBytes(bytes: number): string {
  const step = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const digits = step === 0 ? {} : { minimumSignificantDigits: 3, maximumSignificantDigits: 3 };
  return `${(bytes / 1024 ** step).toLocaleString('en', digits)} ${units[step]}`;
}

export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en');
}

export function formatMilliseconds(milliseconds: number): string {
  return milliseconds < 1000
    ? `${Math.round(milliseconds)} ms`
    : `${(milliseconds / 1000).toLocaleString('en', { maximumFractionDigits: 1 })} s`;
}
