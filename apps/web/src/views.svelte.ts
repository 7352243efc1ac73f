/** Which part of the page is shown. Its address says so: links, history and reload work. */
import { text } from './text.ts';

export type View = keyof typeof text.views;

export const views = Object.keys(text.views) as readonly View[];

export interface CurrentView {
  readonly id: View;
}

/** Follows the address. To be called while a component starts. */
export function followAddress(): CurrentView {
  const read = (): View => views.find((id) => location.hash === `#${id}`) ?? views[0]!;
  let id = $state(read());
  $effect(() => {
    const listen = (): void => {
      id = read();
    };
    addEventListener('hashchange', listen);
    return () => removeEventListener('hashchange', listen);
  });
  return {
    get id() {
      return id;
    },
  };
}
