// What the gateways of the tests show to the Workers of the tests.

/** The base64 of 32 bytes. */
export const GATEWAY_SECRET = "Z2F0ZXdheS1zZWNyZXQtMzItYnl0ZXMtbG9uZy0wMDA=";
