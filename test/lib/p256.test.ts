// ECDSA as others sign: their DER signatures verify, and nothing that is not one.
import { beforeAll, describe, expect, it } from "vitest";
import { utf8 } from "../../src/lib/bytes.ts";
import { importP256, verifyP256 } from "../../src/lib/p256.ts";
import { derOf, type SendGridKeys, sendGridKeys } from "../inbound/intake/signed.ts";

const DATA = utf8("signed text");
let keys: SendGridKeys;
let key: CryptoKey;
let raw: Uint8Array;
beforeAll(async () => {
  keys = await sendGridKeys();
  const imported = await importP256(keys.publicKey);
  if (!imported) throw new Error("the key was refused");
  key = imported;
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  raw = new Uint8Array(await crypto.subtle.sign(algorithm, keys.privateKey, DATA));
});

describe("importP256", () => {
  it("takes PEM lines too", async () => {
    const lines = keys.publicKey.replace(/.{64}/g, "$&\n");
    const pem = `-----BEGIN PUBLIC KEY-----\n${lines}\n-----END PUBLIC KEY-----\n`;
    expect(await importP256(pem)).not.toBeNull();
  });

  it.each(["", "x", "AAAA", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE", "-----BEGIN PUBLIC KEY-----"])(
    "refuses %j",
    async (text) => {
      expect(await importP256(text)).toBeNull();
    },
  );
});

describe("verifyP256", () => {
  it("knows a hundred signatures, whatever zeros they begin with", async () => {
    const algorithm = { name: "ECDSA", hash: "SHA-256" };
    for (let n = 0; n < 100; n++) {
      const data = utf8(`text ${n}`);
      const signature = await crypto.subtle.sign(algorithm, keys.privateKey, data);
      expect(await verifyP256(key, derOf(new Uint8Array(signature)), data)).toBe(true);
    }
  });

  it("refuses other data, another key, and every changed byte", async () => {
    const der = derOf(raw);
    const other = await importP256((await sendGridKeys()).publicKey);
    expect(await verifyP256(key, der, utf8("signed texT"))).toBe(false);
    expect(other && (await verifyP256(other, der, DATA))).toBe(false);
    for (const index of der.keys()) {
      const changed = Uint8Array.from(der, (octet, at) => (at === index ? octet ^ 0x01 : octet));
      expect([index, await verifyP256(key, changed, DATA)]).toEqual([index, false]);
    }
  });

  it("refuses what is no signature in DER", async () => {
    const der = derOf(raw);
    const forms = [
      new Uint8Array(),
      Uint8Array.from([0x30]),
      Uint8Array.from([0x30, 0x00]),
      Uint8Array.from([0x30, 0x02, 0x02, 0x00]),
      Uint8Array.from([0x30, 0x04, 0x02, 0x7f, 0x02, 0x01]),
      der.subarray(0, -1),
      Uint8Array.from([...der, 0]),
      raw,
      Uint8Array.from([0x30, 0x46, 0x02, 0x42, ...new Uint8Array(0x44)]),
    ];
    for (const form of forms) expect(await verifyP256(key, form, DATA)).toBe(false);
  });
});
