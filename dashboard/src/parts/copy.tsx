// Copies a text, and says whether it did: a browser may forbid it.
import { Check, Copy } from "lucide-react";
import { useState } from "react";

/** `text`: or how to get it when it is asked for, as an address that may have changed. */
export function CopyButton({ text, label = "Copy" }: { text: string | (() => string); label?: string }) {
  const [said, setSaid] = useState<string | null>(null);
  const copy = () => {
    const copied =
      navigator.clipboard?.writeText(typeof text === "string" ? text : text()) ??
      Promise.reject(new Error("no clipboard"));
    copied.then(
      () => setSaid("Copied"),
      () => setSaid("Not copied: select it by hand"),
    );
  };
  return (
    <button type="button" className="button plain" onClick={copy}>
      {said === "Copied" ? <Check size={14} aria-hidden="true" /> : <Copy size={14} aria-hidden="true" />}
      {said ?? label}
    </button>
  );
}
