// One object per webhook endpoint, named by the endpoint's id: the only reader of its cursor, so that
// two wake-ups can never post twice. A thin shell: when to look is kept here, the work is in tail.ts.
import { DurableObject } from "cloudflare:workers";
import { type App, type Env, makeApp } from "../app.ts";
import { runTail } from "./tail.ts";

/** Where the object remembers which endpoint it belongs to. */
const WEBHOOK_ID = "webhookId";

/** The tail of one webhook endpoint. Its work runs in its own alarm, so a dead endpoint holds nobody. */
export class WebhookTail extends DurableObject<Env> {
  readonly #app: App;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#app = makeApp(env, state);
  }

  /** Asks for a look at once; answers before it happens. */
  async wake(webhookId: string): Promise<void> {
    const storage = this.ctx.storage;
    if ((await storage.get<string>(WEBHOOK_ID)) !== webhookId) {
      await storage.put(WEBHOOK_ID, webhookId);
      this.#app.meter.count("object_rows_written");
    }
    await this.lookAt(Date.now());
  }

  /** Does what is due, then sleeps until the next retry. A throw is retried by the platform. */
  override async alarm(): Promise<void> {
    this.#app.meter.count("object_requests");
    const webhookId = await this.ctx.storage.get<string>(WEBHOOK_ID);
    if (webhookId === undefined) return;
    const next = await runTail(this.#app, webhookId);
    if (next === "gone") await this.ctx.storage.deleteAll();
    else if (next !== null) await this.lookAt(next);
    this.#app.keepUsage();
  }

  /** Moves the alarm forward, never back: a wake-up during a run must not be lost. */
  private async lookAt(time: number): Promise<void> {
    const planned = await this.ctx.storage.getAlarm();
    if (planned !== null && time >= planned) return;
    await this.ctx.storage.setAlarm(time);
    this.#app.meter.count("object_rows_written");
  }
}
