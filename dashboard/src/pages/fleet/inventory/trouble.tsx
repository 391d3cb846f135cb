// How bad an object looks by itself, in shape and word; of a cluster that is not heard nothing looks well.
import { Shape, type Tone } from "../../../parts/shape";

const LEVELS: readonly (readonly [Tone, string])[] = [
  ["ok", "Well"],
  ["info", "Settling"],
  ["medium", "Not ready"],
  ["high", "Failed"],
  ["critical", "Broken"],
];

export function Trouble({ level, heard }: { level: number; heard: boolean }) {
  const [tone, word] = LEVELS[level] ?? ["unknown", "Unknown"];
  const shown: Tone = heard ? tone : "unknown";
  return (
    <span
      className={`state tone-${shown}`}
      title={heard ? undefined : "As last heard; the cluster is not heard now"}
    >
      <Shape tone={shown} size={13} /> {heard ? word : `Was ${word.toLowerCase()}`}
    </span>
  );
}
