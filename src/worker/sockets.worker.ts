import type { WatchSpec } from '../apiserver/streams/watch.ts';
import type { WatchPort } from '../cluster/turn.ts';

/** WebSocket close code of a watch that has nothing more to say. */
const NORMAL = 1000;

/** What a hibernated socket remembers: the spec of its watch. */
export const specOf = (socket: WebSocket): WatchSpec => socket.deserializeAttachment() as WatchSpec;

const encoder = new TextEncoder();
let lastText = '';
let lastBytes: Uint8Array = new Uint8Array();

/** Watches that share a frame are flushed one after another: its bytes are made once. */
function bytesOf(text: string): Uint8Array {
  if (text !== lastText) {
    lastText = text;
    lastBytes = encoder.encode(text);
  }
  return lastBytes;
}

/** A watch's frames into a hibernatable socket; what the watch must remember is the socket's attachment. */
export function socketPort(socket: WebSocket): WatchPort {
  return {
    send: (text) => {
      // A client that went away a moment ago must not fail the write that its event came from.
      if (socket.readyState === WebSocket.OPEN) socket.send(bytesOf(text));
    },
    save: (spec) => socket.serializeAttachment(spec),
    close: () => socket.close(NORMAL),
  };
}
