/** A body as the network brings it, readable by bytes: a stream that a test writes itself is not. */
export function arriving(body: BodyInit | null): BodyInit | null {
  return body instanceof ReadableStream ? body.pipeThrough(new IdentityTransformStream()) : body;
}
