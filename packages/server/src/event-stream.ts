/** Server-sent events. */
import { errorBody, toApiError } from '@yoco-u/openai';

export interface EventStreamOptions {
  /** Silence before a comment is sent. */
  readonly pingMs: number;
  /** The client left: nothing more will be read. */
  readonly onCancel: () => void;
  /** Called once, when all is written or the client left; with the error that ended the events, if any. */
  readonly onEnd: (error?: unknown) => void;
}

/**
 * Events as `data:` lines, `data: [DONE]` at the end, or an error as the last event. They are taken as they come, not as they are
 * read: a slow reader keeps its text in memory, never its place in the model.
 */
export function eventStream(
  events: AsyncIterable<object>,
  { pingMs, onCancel, onEnd }: EventStreamOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  let open = true;
  let quiet = true;
  return new ReadableStream({
    start(controller) {
      const send = (text: string): void => {
        quiet = false;
        if (open) controller.enqueue(encoder.encode(text));
      };
      const pings = setInterval(() => {
        // a reader that has not taken the last words needs no sign of life
        if (quiet && open && (controller.desiredSize ?? 0) > 0) send(': ping\n\n');
        quiet = true;
      }, pingMs);
      const write = async (): Promise<void> => {
        let failure: unknown;
        try {
          for await (const event of events) send(`data: ${JSON.stringify(event)}\n\n`);
          send('data: [DONE]\n\n');
        } catch (error) {
          failure = error;
          send(`data: ${JSON.stringify(errorBody(toApiError(error)))}\n\n`);
        }
        clearInterval(pings);
        if (open) controller.close();
        open = false;
        onEnd(failure);
      };
      void write();
    },
    cancel() {
      open = false;
      onCancel();
    },
  });
}
