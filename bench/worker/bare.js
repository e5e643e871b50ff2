// The baseline of the leg `accept`: a route without a product. One POST is one D1 insert of one row with
// the columns that an accepted send has, and nothing else. `/hello` shows what the generator can do. And
// of the leg `redirect`: `/redirect` is a 302 and nothing else.

const INSERT = `insert into bench_sends (message_id, created_at, key_id, idempotency_key, request_hash,
  mail_class, from_address, from_name, subject, tags, send_id, list_id, metadata, recipients,
  on_ambiguous, size, head)
  values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)`;

const KEY_ID = "01890000-0000-7000-8000-000000000000";
const HASH = "0".repeat(64);
const RECIPIENTS = '[{"address":"reader@example.com","name":"","role":"to"}]';

const REDIRECT = { status: 302, headers: { location: "https://shop.example/" } };

// oxlint-disable-next-line import/no-default-export -- a Worker's entry
export default {
  /**
   * @param {Request} request
   * @param {{ DB: D1Database }} env
   */
  async fetch(request, env) {
    if (request.url.endsWith("/redirect")) return new Response(null, REDIRECT);
    const body = await request.text();
    if (request.url.endsWith("/hello")) return new Response("hello");
    const id = crypto.randomUUID();
    await env.DB.prepare(INSERT)
      .bind(...values(request, body, id))
      .run();
    return new Response('{"statusCode":1000}', { headers: { "x-message-id": id } });
  },
};

/**
 * @param {Request} request
 * @param {string} body
 * @param {string} id
 */
function values(request, body, id) {
  const key = [id, Date.now(), KEY_ID, request.headers.get("idempotency-key"), HASH];
  const names = ["transactional", "sender@edgepost.test", "", "Your order", ""];
  const ids = ["TRANSACTIONAL_0", "transactional", "{}", RECIPIENTS, "retry"];
  return [...key, ...names, ...ids, body.length, body];
}
