/** The rules that let many modules share one memory, checked on a compiled module. */

export interface ModuleRules {
  /** For messages. */
  readonly name: string;
  /** Whether `env.table` may be imported besides `env.memory`. */
  readonly table: boolean;
}

const startSection = 8;
const dataSection = 11;

/** Throws an `Error` if a module imports anything but `env.memory`, holds data, runs code at the start or exports no function. */
export function checkModule(bytes: Uint8Array<ArrayBuffer>, rules: ModuleRules): void {
  const allowed = rules.table ? ['env.memory', 'env.table'] : ['env.memory'];
  const module = new WebAssembly.Module(bytes);
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    if (!allowed.includes(`${from}.${name}`)) {
      throw new Error(`${rules.name}: expected imports ${allowed.join(', ')}, got ${from}.${name}`);
    }
  }
  const sections = sectionIds(bytes);
  if (sections.includes(startSection)) {
    throw new Error(
      `${rules.name}: expected no start function, got one; allocate nothing, run nothing at the top level`,
    );
  }
  if (sections.includes(dataSection)) {
    throw new Error(`${rules.name}: expected no data segment, got one; constants come through arguments or workspace`);
  }
  if (!WebAssembly.Module.exports(module).some(({ kind }) => kind === 'function')) {
    throw new Error(`${rules.name}: expected exported functions, got none`);
  }
}

/** Ids of a module's sections, in order. */
export function sectionIds(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  let position = 8;
  while (position < bytes.length) {
    ids.push(bytes[position++]!);
    let size = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = bytes[position++]!;
      size += (byte & 0x7f) * 2 ** shift;
      shift += 7;
    } while (byte & 0x80);
    position += size;
  }
  return ids;
}
