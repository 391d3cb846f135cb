// The agent's own health: the word at the foot of the navigation, and a notice when nothing can be stored or received.
import { useAilments } from "../live/health";
import { Shape, toneOfHealth } from "../parts/shape";

export function AgentHealth() {
  const { word, parts } = useAilments();
  if (!word) return null;
  return (
    <div className="agent-health drains">
      <p>
        <Shape tone={toneOfHealth(word)} /> Agent {word}
      </p>
      {parts.map((part) => (
        <p key={part.name} className="ailment" title={part.message ?? undefined}>
          <code>{part.name}</code> {part.message || part.status}
        </p>
      ))}
    </div>
  );
}

export function UnhealthyNotice() {
  const { word, parts } = useAilments();
  if (word !== "unhealthy") return null;
  return (
    <div className="notice notice-bad" role="alert">
      <Shape tone="critical" />
      <strong>The agent is not healthy.</strong>
      <span className="second">
        {parts.map((part) => `${part.name}: ${part.message || part.status}`).join(" · ") ||
          "It has given no reason yet."}
      </span>
    </div>
  );
}
