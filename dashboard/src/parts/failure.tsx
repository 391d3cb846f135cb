// A request that failed, in the server's words, with what the reader can do; the rest of the page lives on.
import { Refused } from "../api/client";
import { Shape } from "./shape";

export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const refused = error instanceof Refused ? error : null;
  const isDenied = refused?.status === 403;
  return (
    <div className={isDenied ? "failure denied" : "failure"} role="alert">
      <Shape tone={isDenied ? "off" : "high"} />
      <div>
        <strong>{refused?.title ?? "This page failed to read the answer"}</strong>
        <p>{error instanceof Error ? error.message : String(error)}</p>
        {refused?.requestId && (
          <p className="quiet">
            Request <code>{refused.requestId}</code>
          </p>
        )}
      </div>
      {retry && !isDenied && (
        <button type="button" className="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}
