// An R2 bucket that counts every call and breaks those a plan names, before or after they are done. What is
// not a fault reaches the real binding.

/** One call to R2. */
export type R2Call = {
  /** From 1, since the proxy was made or reset. */
  readonly n: number;
  readonly name: string;
};

/** What breaks: the calls that `on` names. `after`: all was done, and nobody was told. */
export type R2Fault = {
  readonly on: (call: R2Call) => boolean;
  readonly mode: "before" | "after";
};

/** A bucket with eyes and faults. */
export type FaultyR2 = {
  readonly bucket: R2Bucket;
  readonly calls: () => readonly R2Call[];
  /** Replaces the plan; null ends the faults. */
  readonly plan: (fault: R2Fault | null) => void;
  readonly reset: () => void;
};

const PLAIN = ["get", "head", "put", "delete", "list"];
const OF_UPLOADS = ["uploadPart", "complete", "abort"];

/** Waits before and after each call. */
type Wait = (when: "before" | "after", name: string) => Promise<void>;

/** Wraps a bucket. Only the methods that the product uses are known. */
export function faultyR2(real: R2Bucket, wait: Wait = () => Promise.resolve()): FaultyR2 {
  let calls: R2Call[] = [];
  let fault: R2Fault | null = null;

  /** The method, made to fail as planned; what it gives is wrapped. */
  function faulty<T extends object>(target: T, name: string, wrapped: (given: unknown) => unknown) {
    const method: unknown = Reflect.get(target, name);
    if (typeof method !== "function") throw new Error(`R2 has no ${name}`);
    return async (...values: unknown[]): Promise<unknown> => {
      const call = { n: calls.length + 1, name };
      calls.push(call);
      const mode = fault?.on(call) ? fault.mode : null;
      if (mode === "before") throw new Error(`${name}: injected before the call`);
      await wait("before", name);
      const given: unknown = await Reflect.apply(method, target, values);
      await wait("after", name);
      if (mode === "after") throw new Error(`${name}: injected after the call`);
      return wrapped(given);
    };
  }

  function upload(given: R2MultipartUpload): R2MultipartUpload {
    return new Proxy(given, {
      get(target, name) {
        const text = String(name);
        if (OF_UPLOADS.includes(text)) return faulty(target, text, (result) => result);
        if (text === "then") return undefined;
        if (text === "key" || text === "uploadId") return target[text];
        throw new Error(`the R2 proxy does not know upload.${text}`);
      },
    });
  }

  const bucket = new Proxy(real, {
    get(target, name) {
      const text = String(name);
      if (PLAIN.includes(text)) return faulty(target, text, (given) => given);
      if (text === "createMultipartUpload") {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what R2 gives here
        return faulty(target, text, (given) => upload(given as R2MultipartUpload));
      }
      if (text === "resumeMultipartUpload") {
        return (key: string, id: string) => upload(target.resumeMultipartUpload(key, id));
      }
      throw new Error(`the R2 proxy does not know bucket.${text}`);
    },
  });

  return {
    bucket,
    calls: () => calls,
    plan(next) {
      fault = next;
    },
    reset() {
      calls = [];
    },
  };
}
