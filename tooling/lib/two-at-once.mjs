/**
 * Runs a task for each item, two at a time, in their order: what the tasks start uses one core each for the most part.
 * @template Item
 * @param {readonly Item[]} items
 * @param {(item: Item) => Promise<void>} task must not reject
 */
export async function twoAtOnce(items, task) {
  const waiting = [...items];
  const work = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await task(item);
  };
  await Promise.all([work(), work()]);
}
