// The settings: defaults, and a clear word about each wrong one.
import { describe, expect, it } from "vitest";
import { readConfig } from "../../../gateway/config.ts";

const TLS = { TLS_CERT_FILE: "/c", TLS_KEY_FILE: "/k", TENANTS_FILE: "/t" };

describe("the settings", () => {
  it("have the documented defaults", () => {
    expect(readConfig({ ...TLS, SERVER_NAME: "smtp.example.com" })).toEqual({
      serverName: "smtp.example.com",
      host: null,
      smtpPort: 587,
      smtpsPort: 465,
      certificate: { certFile: "/c", keyFile: "/k" },
      tenantsFile: "/t",
      allowCleartextAuth: false,
      statusHost: "127.0.0.1",
      statusPort: 9587,
      limits: {
        messageBytes: 41_943_040,
        connections: 2_000,
        connectionsPerAddress: 100,
        idleMs: 300_000,
        dataMs: 600_000,
        workerMs: 25_000,
        stopMs: 30_000,
        authDelayMs: 500,
        authLockMs: 900_000,
      },
    });
  });

  it("take ports that are off, and an empty value as none", () => {
    const env = { ...TLS, SMTP_PORT: "off", STATUS_PORT: "off", HOST: "", IDLE_SECONDS: "0.5" };
    expect(readConfig(env)).toMatchObject({ smtpPort: null, statusPort: null, host: null });
    expect(readConfig(env).limits.idleMs).toBe(500);
  });

  it("listen without TLS only where AUTH in clear is allowed, and on one port then", () => {
    const env = { TENANTS_FILE: "/t", ALLOW_CLEARTEXT_AUTH: "true" };
    expect(readConfig(env)).toMatchObject({ certificate: null, smtpsPort: null });
  });

  it.each([
    [{ TENANTS_FILE: "" }, /TENANTS_FILE/],
    [{ TLS_CERT_FILE: "", TLS_KEY_FILE: "" }, /nobody could sign in: set TLS_CERT_FILE/],
    [{ TLS_KEY_FILE: "" }, /TLS_CERT_FILE and TLS_KEY_FILE belong together/],
    [
      { TLS_CERT_FILE: "", TLS_KEY_FILE: "", ALLOW_CLEARTEXT_AUTH: "true", SMTPS_PORT: "465" },
      /SMTPS_PORT needs TLS_CERT_FILE/,
    ],
    [{ SMTP_PORT: "70000" }, /must be at most 65535[^]*SMTP_PORT/],
    [{ SMTP_PORT: "smtp" }, /must be a port[^]*SMTP_PORT/],
    [{ ALLOW_CLEARTEXT_AUTH: "yes" }, /ALLOW_CLEARTEXT_AUTH/],
    [{ SERVER_NAME: "two words" }, /SERVER_NAME/],
    [{ SERVER_NAME: "a\r\n250 b" }, /SERVER_NAME/],
    [{ MAX_CONNECTIONS: "0" }, /MAX_CONNECTIONS/],
    [{ MAX_MESSAGE_BYTES: "1e12" }, /MAX_MESSAGE_BYTES/],
    [{ WORKER_SECONDS: "-1" }, /WORKER_SECONDS/],
    [{ WORKER_SECONDS: "soon" }, /WORKER_SECONDS/],
  ])("refuse %j", (env, message) => {
    expect(() => readConfig({ ...TLS, ...env })).toThrow(message);
  });
});
