/** What a visitor can set, with the command line's defaults. */
import type { SamplingSettings } from '@yoco-u/spec';

export interface Settings {
  prompt: string;
  maxTokens: number;
  seed: number;
  temperature: number;
  topK: number | null;
  topP: number | null;
  minP: number | null;
  repetitionPenalty: number | null;
}

export function defaultSettings(): Settings {
  return {
    prompt: 'Once upon a time there was a',
    maxTokens: 200,
    seed: 7,
    temperature: 0.8,
    topK: null,
    topP: null,
    minP: null,
    repetitionPenalty: null,
  };
}

/** Empty fields are off. */
export function samplingOf({ temperature, topK, topP, minP, repetitionPenalty, seed }: Settings): SamplingSettings {
  const chosen = { temperature, topK, topP, minP, repetitionPenalty, seed };
  return Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== null && value !== undefined));
}
