/** The network address that a request came from, as Cloudflare tells it; "" where it does not. */
export function clientIp(headers: Headers): string {
  return headers.get("CF-Connecting-IP") ?? "";
}
