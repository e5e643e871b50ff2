// What the tenant commands need of the world, so that a test can record what they ask of it.

/** The repository, wrangler, HTTP, and a place to say things. */
export type World = {
  /** The folder of wrangler.toml. */
  readonly root: string;
  /** The folder that holds one folder per tenant. */
  readonly tenants: string;
  /** Runs one wrangler command and gives what it printed; throws with it when the command fails. */
  readonly wrangler: (args: readonly string[]) => Promise<string>;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly say: (line: string) => void;
};
