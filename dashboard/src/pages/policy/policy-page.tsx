// Who may, who did, and why it was allowed.
import { Link } from "react-router";
import { StrangeWords } from "../../parts/list-head";
import { useAddress } from "../../parts/pages";
import { AsOf } from "../../parts/panel";
import { useTitle } from "../../shell/title";
import { Audit } from "./audit";
import { Decisions } from "./decisions";
import { type Query, readQuery, VIEWS, type View } from "./query";
import { Rules } from "./rules";
import "../../styles/policy.css";

const WORDS: Record<View, string> = { decisions: "Decisions", audit: "Audit", rules: "Rules" };

export type Change = (changes: Partial<Query>) => void;

export function PolicyPage() {
  useTitle("Policy & Audit");
  const { search, change } = useAddress<Query>("target");
  const { query, strange } = readQuery(search);
  return (
    <div className="page policy">
      <header className="page-head">
        <h1>Policy & Audit</h1>
        <AsOf />
        <nav className="tabs aside" aria-label="Views">
          {VIEWS.map((view) => (
            <Link
              key={view}
              to={`/policy?view=${view}`}
              aria-current={view === query.view ? "page" : undefined}
            >
              {WORDS[view]}
            </Link>
          ))}
        </nav>
      </header>
      <StrangeWords words={strange} />
      {query.view === "decisions" && <Decisions query={query} change={change} />}
      {query.view === "audit" && <Audit query={query} change={change} />}
      {query.view === "rules" && <Rules />}
    </div>
  );
}
