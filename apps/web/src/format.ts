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

const prefixes = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

/** Floating-point operations, two significant digits or all before the point. */
export function formatFlops(flops: number): string {
  const step = flops < 1000 ? 0 : Math.min(prefixes.length - 1, Math.floor(Math.log10(flops) / 3));
  const value = flops / 1000 ** step;
  return `${value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 1 : 0 })} ${prefixes[step]}FLOP`;
}

export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = Math.floor(whole / 60);
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
