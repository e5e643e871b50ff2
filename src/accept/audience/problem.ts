// Problems on the wire of the Audience API: the envelope of its answers with an error in it (contract 1.4).
import type { Problem } from "../../model/problem.ts";
import type { Answer } from "../endpoint.ts";
import { messageOf, wireOf } from "../kasplo/problem.ts";
import { DEFAULT_PAGE_SIZE } from "./schema.ts";

/** The answer to a problem; its code and status are those of /v1. */
export function audienceProblem(problem: Problem): Answer {
  const { status, code, headers } = wireOf(problem);
  const message = messageOf(problem);
  const json = {
    data: [],
    error: { code, message },
    limit: DEFAULT_PAGE_SIZE,
    message,
    status,
    total: 0,
  };
  const { "WWW-Authenticate": _, ...others } = headers;
  return { status, json, headers: others };
}
