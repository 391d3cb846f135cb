// Evidence by number: what was seen again and again with the same words is one receipt. Pure.
import type { Evidence } from "../../api/types";
import { severityRank } from "../../live/hooks";

export type Receipt = { first: Evidence; newest: Evidence; count: number; ids: readonly string[] };

const wordsOf = ({ kind, cluster_name, resource, message }: Evidence): string =>
  JSON.stringify([kind, cluster_name, resource?.kind, resource?.namespace, resource?.name, message]);

/** In the order in which each was first seen, so that E1 stays E1 when more arrive; the newest has the detail. */
export function receipts(evidence: readonly Evidence[]): Receipt[] {
  const found = new Map<string, { first: Evidence; newest: Evidence; count: number; ids: string[] }>();
  const inOrder = [...evidence].sort(
    (a, b) => Date.parse(a.at) - Date.parse(b.at) || a.id.localeCompare(b.id),
  );
  for (const each of inOrder) {
    const words = wordsOf(each);
    const same = found.get(words);
    if (same) {
      same.newest = each;
      same.count += 1;
      same.ids.push(each.id);
    } else {
      found.set(words, { first: each, newest: each, count: 1, ids: [each.id] });
    }
  }
  return [...found.values()];
}

/** The number of the receipt that each piece of evidence is folded into. */
export const numbersOf = (evidence: readonly Evidence[]): ReadonlyMap<string, number> =>
  new Map(receipts(evidence).flatMap(({ ids }, index) => ids.map((id) => [id, index + 1] as const)));

type Numbered = { receipt: Receipt; number: number };

/** The most severe, told in the order of their numbers. */
export const loudest = (found: readonly Numbered[], most: number): Numbered[] =>
  [...found]
    .sort(
      (a, b) =>
        severityRank(a.receipt.newest.severity) - severityRank(b.receipt.newest.severity) ||
        a.number - b.number,
    )
    .slice(0, most)
    .sort((a, b) => a.number - b.number);
