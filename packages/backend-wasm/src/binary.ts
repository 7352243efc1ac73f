/** The little of the WebAssembly binary format that a loader needs: sections, and the limits of the imported memory. */
import { BackendError } from '@yoco-u/spec';

const importSection = 2;
const startSection = 8;
const dataSection = 11;
const externalKinds = ['function', 'table', 'memory', 'global', 'tag'] as const;
const memoryKind = 2;
const sharedFlag = 2;
const maximumFlag = 1;

interface Section {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

export interface ModuleImport {
  readonly name: string;
  readonly kind: (typeof externalKinds)[number];
}

export interface ModuleOutline {
  readonly imports: readonly ModuleImport[];
  readonly hasData: boolean;
  /** Whether code runs when the module is instantiated. */
  readonly hasStart: boolean;
  /** Pages that the module wants at least; undefined without an imported memory. */
  readonly minimumPages: number | undefined;
}

export interface MemoryLimits {
  readonly shared: boolean;
  readonly maximumPages: number;
}

/** What a module imports and holds. Throws `BackendError` when the bytes are not a module. */
export function outlineModule(name: string, bytes: Uint8Array): ModuleOutline {
  const sections = readSections(name, bytes);
  const imports: ModuleImport[] = [];
  let minimumPages: number | undefined;
  const section = sections.find(({ id }) => id === importSection);
  if (section !== undefined) {
    walkImports(name, bytes, section, (entry, limitsAt) => {
      imports.push(entry);
      if (entry.kind === 'memory') minimumPages = readLimits(name, bytes, limitsAt).minimum;
    });
  }
  const has = (section: number): boolean => sections.some(({ id }) => id === section);
  return { imports, minimumPages, hasData: has(dataSection), hasStart: has(startSection) };
}

/**
 * The module with its memory import's limits rewritten to suit the memory it will be given: engines refuse to link a module
 * whose limits or shared flag say otherwise.
 */
export function withMemoryLimits(name: string, bytes: Uint8Array, limits: MemoryLimits): Uint8Array<ArrayBuffer> {
  const section = readSections(name, bytes).find(({ id }) => id === importSection);
  let from = -1;
  let to = -1;
  let minimum = 0;
  if (section !== undefined) {
    walkImports(name, bytes, section, (entry, limitsAt) => {
      if (entry.kind !== 'memory') return;
      const old = readLimits(name, bytes, limitsAt);
      from = limitsAt;
      to = old.end;
      minimum = old.minimum;
    });
  }
  if (section === undefined || from < 0) return new Uint8Array(bytes);
  const flags = maximumFlag | (limits.shared ? sharedFlag : 0);
  const replaced = [flags, ...encodeNumber(minimum), ...encodeNumber(limits.maximumPages)];
  const size = encodeNumber(section.end - section.start - (to - from) + replaced.length);
  // the section's size field starts right behind its id byte
  const idAt = sectionIdAt(name, bytes, section);
  return concatenate([
    bytes.subarray(0, idAt + 1),
    size,
    bytes.subarray(section.start, from),
    replaced,
    bytes.subarray(to),
  ]);
}

function concatenate(parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function readSections(name: string, bytes: Uint8Array): Section[] {
  const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  if (!magic.every((byte, index) => bytes[index] === byte)) {
    throw malformed(name, 'the header of a WebAssembly 1 module');
  }
  const sections: Section[] = [];
  let position = magic.length;
  while (position < bytes.length) {
    const id = bytes[position]!;
    const { value: size, end: start } = readNumber(name, bytes, position + 1);
    sections.push({ id, start, end: start + size });
    position = start + size;
  }
  if (position !== bytes.length) throw malformed(name, 'sections that end with the file');
  return sections;
}

function sectionIdAt(name: string, bytes: Uint8Array, section: Section): number {
  for (let at = section.start - 2; at >= 0; at--) {
    if (bytes[at] === section.id && readNumber(name, bytes, at + 1).end === section.start) return at;
  }
  throw malformed(name, 'a section header');
}

function walkImports(
  name: string,
  bytes: Uint8Array,
  section: Section,
  visit: (entry: ModuleImport, descriptionAt: number) => void,
): void {
  let { value: count, end: position } = readNumber(name, bytes, section.start);
  const text = (): string => {
    const { value: length, end: start } = readNumber(name, bytes, position);
    position = start + length;
    return new TextDecoder().decode(bytes.slice(start, position));
  };
  for (; count > 0; count--) {
    const from = text();
    const field = text();
    const kindByte = bytes[position++] ?? -1;
    const kind = externalKinds[kindByte];
    if (kind === undefined) throw malformed(name, 'a known kind of import');
    visit({ name: `${from}.${field}`, kind }, position);
    if (kind === 'function') position = readNumber(name, bytes, position).end;
    else if (kind === 'table') position = readLimits(name, bytes, position + 1).end;
    else if (kindByte === memoryKind) position = readLimits(name, bytes, position).end;
    else if (kind === 'global') position += 2;
    else position = readNumber(name, bytes, position + 1).end;
  }
}

function readLimits(name: string, bytes: Uint8Array, at: number): { minimum: number; end: number } {
  const hasMaximum = ((bytes[at] ?? 0) & maximumFlag) !== 0;
  const minimum = readNumber(name, bytes, at + 1);
  return { minimum: minimum.value, end: hasMaximum ? readNumber(name, bytes, minimum.end).end : minimum.end };
}

/** Unsigned LEB128. */
function readNumber(name: string, bytes: Uint8Array, at: number): { value: number; end: number } {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[at++];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** shift;
    if ((byte & 0x80) === 0) return { value, end: at };
  }
  throw malformed(name, 'a number of at most five bytes');
}

function encodeNumber(value: number): number[] {
  const bytes: number[] = [];
  do {
    const rest = Math.floor(value / 128);
    bytes.push((value % 128) | (rest > 0 ? 0x80 : 0));
    value = rest;
  } while (value > 0);
  return bytes;
}

function malformed(name: string, expected: string): BackendError {
  return new BackendError({ where: `module '${name}'`, expected, got: 'other bytes', fix: 'rebuild the module' });
}
