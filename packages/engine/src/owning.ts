/** What is taken together is freed together, also where taking fails half-way. Node 22 has no `DisposableStack` yet. */

/** Puts something into its owner's hands, and gives it back. */
export type Own = <T extends Disposable>(one: T) => T;

/** What `make` returns, whose dispose frees all that `make` took, the last first. Frees it at once when `make` fails. */
export async function owning<T extends object>(make: (own: Own) => Promise<T>): Promise<T & Disposable> {
  const owned: Disposable[] = [];
  const dispose = (): void => {
    for (const one of owned.splice(0).reverse()) one[Symbol.dispose]();
  };
  const own: Own = (one) => {
    owned.push(one);
    return one;
  };
  try {
    return Object.assign(await make(own), { [Symbol.dispose]: dispose });
  } catch (error) {
    dispose();
    throw error;
  }
}
