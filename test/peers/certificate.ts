// Makes the certificates of the test peers: a CA of its own and leaves signed by it, written as DER by
// hand (RFC 5280), because Node can sign but not issue and a fresh machine may have no openssl. Tests only.
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";

import type { PeerCertificate } from "./script.ts";

export type Pem = { readonly key: string; readonly cert: string };

/** A CA's certificate (PEM) and one key and certificate for every kind of peer. */
export type Certificates = {
  readonly ca: string;
  readonly leaves: Readonly<Record<PeerCertificate, Pem>>;
  /** Signs what SNS would sign: RSA, self-signed. */
  readonly sns: Pem;
};

type Issuer = { readonly name: string; readonly keys: Keys };
type Keys = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

const DAY = 86_400_000;
const OID = {
  ecdsaWithSha256: "2a8648ce3d040302",
  sha256WithRsa: "2a864886f70d01010b",
  commonName: "550403",
  subjectAltName: "551d11",
  basicConstraints: "551d13",
  keyUsage: "551d0f",
  extendedKeyUsage: "551d25",
  serverAuth: "2b06010505070301",
  subjectKeyId: "551d0e",
  authorityKeyId: "551d23",
} as const;

/** Issues everything anew; valid from a day ago for ten days. */
export function makeCertificates(): Certificates {
  const ca: Issuer = { name: "Edgepost test CA", keys: newKeys() };
  const other: Issuer = { name: "Another test CA", keys: newKeys() };
  return {
    ca: certificate({ subject: ca.name, keys: ca.keys, issuer: ca, host: null, days: 10 }),
    leaves: {
      trusted: leaf(ca, "localhost", 10),
      "other-ca": leaf(other, "localhost", 10),
      "self-signed": leaf(null, "localhost", 10),
      "wrong-host": leaf(ca, "elsewhere.test", 10),
      expired: leaf(ca, "localhost", -0.5),
    },
    sns: leaf(null, "sns.amazonaws.com", 10, generateKeyPairSync("rsa", { modulusLength: 2048 })),
  };
}

function leaf(issuer: Issuer | null, host: string, days: number, keys: Keys = newKeys()): Pem {
  const signer = issuer ?? { name: host, keys };
  return {
    key: keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: certificate({ subject: host, keys, issuer: signer, host, days }),
  };
}

function newKeys(): Keys {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function certificate(about: {
  readonly subject: string;
  readonly keys: Keys;
  readonly issuer: Issuer;
  /** DNS name of a server; null makes a CA. */
  readonly host: string | null;
  readonly days: number;
}): string {
  const rsa = about.issuer.keys.privateKey.asymmetricKeyType === "rsa";
  const algorithm = rsa
    ? sequence(oid(OID.sha256WithRsa), der(0x05, Buffer.alloc(0)))
    : sequence(oid(OID.ecdsaWithSha256));
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    distinguishedName(about.issuer.name),
    sequence(time(Date.now() - DAY), time(Date.now() + about.days * DAY)),
    distinguishedName(about.subject),
    about.keys.publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions(about.keys, about.issuer.keys, about.host))),
  );
  const signature = sign("sha256", body, about.issuer.keys.privateKey);
  const whole = sequence(body, algorithm, bitString(signature));
  const lines = whole.toString("base64").match(/.{1,64}/gu) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function extensions(subject: Keys, issuer: Keys, host: string | null): Buffer[] {
  const critical = der(0x01, Buffer.from([0xff]));
  const ids = [
    extension(OID.subjectKeyId, der(0x04, keyId(subject))),
    extension(OID.authorityKeyId, sequence(der(0x80, keyId(issuer)))),
  ];
  if (host === null) {
    const keyCertSign = der(0x03, Buffer.from([2, 0x04]));
    const isCa = sequence(critical);
    return [
      ...ids,
      extension(OID.basicConstraints, isCa, critical),
      extension(OID.keyUsage, keyCertSign, critical),
    ];
  }
  return [
    ...ids,
    extension(OID.extendedKeyUsage, sequence(oid(OID.serverAuth))),
    extension(OID.subjectAltName, sequence(der(0x82, Buffer.from(host, "latin1")))),
  ];
}

function extension(id: string, value: Buffer, critical: Buffer = Buffer.alloc(0)): Buffer {
  return sequence(oid(id), critical, der(0x04, value));
}

function keyId(keys: Keys): Buffer {
  const spki = keys.publicKey.export({ type: "spki", format: "der" });
  return createHash("sha1").update(spki).digest();
}

function distinguishedName(name: string): Buffer {
  return sequence(der(0x31, sequence(oid(OID.commonName), der(0x0c, Buffer.from(name)))));
}

function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replaceAll(/[-:T]/gu, "").slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`, "latin1"));
}

function integer(bytes: Buffer): Buffer {
  return der(0x02, bytes);
}

function bitString(bytes: Buffer): Buffer {
  return der(0x03, Buffer.concat([Buffer.from([0]), bytes]));
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function der(tag: number, content: Buffer): Buffer {
  const size = content.length;
  const long = size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...(size < 128 ? [size] : long)]), content]);
}
