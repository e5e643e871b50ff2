// Receivers that verify a signature: the very files of examples/webhooks, which a test runs.
import go from "../../../examples/webhooks/verify.go?raw";
// oxlint-disable-next-line import/default -- ?raw makes the text of any file the default export
import node from "../../../examples/webhooks/verify.mjs?raw";
import php from "../../../examples/webhooks/verify.php?raw";
import python from "../../../examples/webhooks/verify.py?raw";
import ruby from "../../../examples/webhooks/verify.rb?raw";

export const LANGUAGES = [
  { name: "Node", code: node },
  { name: "Python", code: python },
  { name: "PHP", code: php },
  { name: "Go", code: go },
  { name: "Ruby", code: ruby },
] as const;
