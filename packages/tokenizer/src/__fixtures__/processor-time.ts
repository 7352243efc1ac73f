/** Milliseconds of processor time that an action takes: unlike the time on a clock, other programs hardly change it. */
export function processorTime(action: () => void): number {
  const before = process.cpuUsage();
  action();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
