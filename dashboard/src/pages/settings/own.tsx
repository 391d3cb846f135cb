// The reader's own choices; they stay in this browser and change nothing at the agent.
import { rankOf, useMe } from "../../live/me";
import { useWallClock } from "../../live/pulse";
import { Panel } from "../../parts/panel";
import { capital } from "../../parts/shape";
import { prefer, type Theme, usePreferences } from "../../shell/preferences";
import { ZoneOptions } from "../../shell/zones";
import { clock, zoneName } from "../../time/format";

const THEMES: readonly (readonly [Theme, string])[] = [
  ["system", "As this device"],
  ["dark", "Dark"],
  ["light", "Light"],
];

export function Own() {
  const { zone, theme, keys } = usePreferences();
  const now = useWallClock();
  return (
    <Panel title="You" aside={<span className="quiet">kept in this browser</span>}>
      <dl className="own">
        <Known />
        <div>
          <dt>Time zone</dt>
          <dd>
            <select
              aria-label="Time zone of every time"
              value={zone}
              onChange={(change) => prefer({ zone: change.target.value })}
            >
              <ZoneOptions />
            </select>{" "}
            <span className="quiet mono">
              {clock(now, zone)} {zoneName(now, zone)}
            </span>
          </dd>
        </div>
        <div>
          <dt>Theme</dt>
          <dd>
            <fieldset className="tabs" aria-label="Theme">
              {THEMES.map(([name, label]) => (
                <button
                  key={name}
                  type="button"
                  aria-pressed={theme === name}
                  onClick={() => prefer({ theme: name })}
                >
                  {label}
                </button>
              ))}
            </fieldset>
          </dd>
        </div>
        <div>
          <dt>Single keys</dt>
          <dd>
            <label className="check">
              <input
                type="checkbox"
                checked={keys}
                onChange={(change) => prefer({ keys: change.target.checked })}
              />
              j, k, g, / and the others act by themselves
            </label>
          </dd>
        </div>
      </dl>
    </Panel>
  );
}

function Known() {
  const me = useMe();
  return (
    <div>
      <dt>Known as</dt>
      <dd>
        {me ? (
          <>
            <strong>{me.name}</strong> <span className="second">{capital(rankOf(me))}</span>{" "}
            {!me.authenticated && <span className="quiet">without a token, from this machine</span>}
          </>
        ) : (
          <span className="quiet">not known yet</span>
        )}
      </dd>
    </div>
  );
}
