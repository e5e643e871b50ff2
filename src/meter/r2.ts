// R2 with its operations counted, by the class that they are billed as. Deleting and breaking off are free.
import type { Operation } from "../model/usage.ts";
import type { Meter } from "./meter.ts";

const CLASSES: ReadonlyMap<string | symbol, Operation> = new Map([
  ["put", "r2_class_a"],
  ["list", "r2_class_a"],
  ["createMultipartUpload", "r2_class_a"],
  ["uploadPart", "r2_class_a"],
  ["complete", "r2_class_a"],
  ["get", "r2_class_b"],
  ["head", "r2_class_b"],
]);

/** The bucket, counted. */
export function meteredR2(real: R2Bucket, meter: Meter): R2Bucket {
  return counted(real, meter);
}

/** A bucket or an upload whose methods are counted; so are the uploads that it gives. */
function counted<T extends R2Bucket | R2MultipartUpload>(real: T, meter: Meter): T {
  return new Proxy(real, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...values: unknown[]) => {
        const operation = CLASSES.get(name);
        if (operation) meter.count(operation);
        const given: unknown = Reflect.apply(value, target, values);
        return given instanceof Promise
          ? given.then((one: unknown) => uploads(one, meter))
          : uploads(given, meter);
      };
    },
  });
}

function uploads(value: unknown, meter: Meter): unknown {
  return isUpload(value) ? counted(value, meter) : value;
}

function isUpload(value: unknown): value is R2MultipartUpload {
  return typeof value === "object" && value !== null && "uploadPart" in value;
}
