// A filter that lives in the address but is typed here: the address follows a moment later, the letters never wait for it.
import { Search } from "lucide-react";
import { useEffect, useRef, useState } from "react";

export function TextFilter(props: { label: string; value: string; change: (text: string) => void }) {
  const { label, value, change } = props;
  const [text, setText] = useState(value);
  const told = useRef(value);
  // The page draws again with every frame of a storm; its newest `change` must not start the wait afresh.
  const newest = useRef(change);
  newest.current = change;
  useEffect(() => {
    // Only an address that somebody else changed (Back, a cleared filter) replaces what is being typed.
    if (value === told.current) return;
    told.current = value;
    setText(value);
  }, [value]);
  useEffect(() => {
    if (text === told.current) return;
    const soon = setTimeout(() => {
      told.current = text;
      newest.current(text);
    }, 120);
    return () => clearTimeout(soon);
  }, [text]);
  return (
    <label className="text-filter">
      <Search size={14} aria-hidden="true" />
      <input
        type="search"
        data-filter
        aria-label={label}
        placeholder={label}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <kbd>/</kbd>
    </label>
  );
}
