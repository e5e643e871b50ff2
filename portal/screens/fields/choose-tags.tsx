// Some of the account's tags.
import { ChooseSome } from "../../ui/choose.tsx";
import type { Tag } from "./field.ts";
import { type Offer, tagOptions } from "./known.ts";

type TagsProps = {
  readonly tags: Offer<Tag>;
  /** What stands before the name at its box. */
  readonly word?: string;
  readonly chosen: readonly string[];
  readonly set: (chosen: readonly string[]) => void;
};

export function ChooseTags({ tags, word = "Tag", chosen, set }: TagsProps) {
  const options = tagOptions(tags);
  return <ChooseSome of="tags" {...{ word, options, isCut: tags.isCut, chosen, set }} />;
}
