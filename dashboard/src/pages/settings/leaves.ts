// A leaf of the configuration in words: its value, whether somebody set it, and the section it stands in. Pure.
import type { Setting } from "../../api/types";

export type Leaf = Setting & { readonly section: string; readonly isSet: boolean };

/** What the agent writes in place of a secret. */
const MASK = /^\*+$/;

export const isMasked = (value: unknown): boolean => typeof value === "string" && MASK.test(value);

/** `[]` and `null` are values too; the reader sees words for them. */
export function inWords(value: unknown): string {
  if (value === null || value === undefined) return "not set";
  if (isMasked(value)) return "set, hidden";
  if (value === "" || (Array.isArray(value) && value.length === 0)) return "none";
  if (Array.isArray(value)) return value.map(inWords).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function leafOf(setting: Setting): Leaf {
  const parts = setting.key.split(".");
  const section =
    parts[0] === "collectors" && parts.length > 2 ? parts.slice(0, 2).join(".") : (parts[0] ?? setting.key);
  return { ...setting, section, isSet: setting.source !== "default" };
}

/** By every word of `q`, in the key, the value in force and where it comes from. */
export function sought(leaf: Leaf, q: string): boolean {
  const text = `${leaf.key} ${inWords(leaf.value)} ${leaf.source}`.toLowerCase();
  return q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** `kronveil.yaml:12` of a long path, which a title gives whole. */
export const shortSource = (source: string): string => source.split("/").at(-1) ?? source;

export function bySection(leaves: readonly Leaf[]): [string, Leaf[]][] {
  const found = new Map<string, Leaf[]>();
  for (const leaf of leaves) found.set(leaf.section, [...(found.get(leaf.section) ?? []), leaf]);
  return [...found];
}
