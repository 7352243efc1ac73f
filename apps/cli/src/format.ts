/** Figures for people. */

export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toPrecision(value < 100 ? 3 : 4).replace(/\.0+$/, '')} ${units[unit]}`;
}

/** 1,300,000 → 1.30 M */
export function formatCount(count: number): string {
  const units = ['', ' k', ' M', ' G', ' T'];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : value.toPrecision(3)}${units[unit]}`;
}

/** 12345.6 → 12,346 tokens/s. By hand: Intl takes 12 MiB of memory for its tables. */
export function formatRate(tokensPerSecond: number): string {
  const digits = tokensPerSecond < 100 ? 1 : 0;
  return `${tokensPerSecond.toFixed(digits).replace(/\B(?=(\d{3})+$)/g, ',')} tokens/s`;
}
