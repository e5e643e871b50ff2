// What the header of a part says of its body (RFC 2045, RFC 2183): type, charset, encoding, file names.
import { fail, ok, type Result } from "../../lib/result.ts";
import { decodeWords } from "./encoded-word.ts";
import { CONTENT_FIELDS, type Field, type Header, repeatedField, valueOf } from "./fields.ts";
import { type Parameterised, parseParameters } from "./parameters.ts";
import { type TransferEncoding, transferEncodingOf } from "./transfer.ts";

/** The fields of a part, and what they say. */
export type ContentFields = {
  readonly fields: readonly Field[];
  /** `type/subtype`, lower case; `text/plain` when there is none (RFC 2045 §5.2). */
  readonly type: string;
  /** Of Content-Type. */
  readonly parameters: Parameterised["parameters"];
  /** `attachment`, `inline`, …; "" when it is not said. */
  readonly disposition: string;
  /** Every file name that a reader may show, decoded. */
  readonly names: readonly string[];
  readonly encoding: TransferEncoding;
};

const TYPE = /^[a-z0-9!#$&^_.+-]{1,127}\/[a-z0-9!#$&^_.+-]{1,127}$/;

/** Reads them; the error says what cannot be read. */
export function readContentFields(header: Header): Result<ContentFields, string> {
  const repeated = repeatedField(header, CONTENT_FIELDS);
  if (repeated !== null) return fail(`has two fields ${repeated}`);
  const type = parseParameters(valueOf(header, "content-type") ?? "");
  if (!type) return fail("has a Content-Type whose quotes or comments do not end");
  const disposition = parseParameters(valueOf(header, "content-disposition") ?? "");
  if (!disposition) return fail("has a Content-Disposition whose quotes or comments do not end");
  const encoding = encodingOf(header);
  if (encoding === null) {
    return fail(
      "has a Content-Transfer-Encoding that is none of 7bit, 8bit, binary, quoted-printable and base64",
    );
  }
  const names = [
    ...(disposition.parameters.get("filename") ?? []),
    ...(type.parameters.get("name") ?? []),
  ];
  return ok({
    fields: header.fields,
    type: TYPE.test(type.value) ? type.value : "text/plain",
    parameters: type.parameters,
    disposition: disposition.value,
    // Encoded-words may not stand there (RFC 2047 §5), but they do, and readers decode them.
    names: [...new Set(names.map(decodeWords))],
    encoding,
  });
}

function encodingOf(header: Header): TransferEncoding | null {
  const field = valueOf(header, "content-transfer-encoding");
  return transferEncodingOf(field === null ? null : (parseParameters(field)?.value ?? ""));
}
