// Who may come in: the tokens, each with its role and its end; a new one's text is shown once, and once only.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { createToken, fetchTokens, newKey, Refused, type TokenWish } from "../../api/client";
import type { NewToken, Role, Token } from "../../api/types";
import { lacking, useMe, useWritesOff } from "../../live/me";
import { useNow } from "../../live/pulse";
import { CopyButton } from "../../parts/copy";
import { DialogButton, DialogEnd, DialogForm } from "../../parts/dialog";
import { Failure } from "../../parts/failure";
import { Empty, Loading, Panel } from "../../parts/panel";
import { Shape } from "../../parts/shape";
import { At } from "../../parts/times";
import { duration } from "../../time/format";
import { Revoke } from "./revoke";

export function Tokens() {
  const me = useMe();
  const denied = lacking(me, "admin");
  const { data, error, refetch } = useQuery({
    queryKey: ["tokens"],
    queryFn: fetchTokens,
    enabled: me !== undefined && denied === null,
  });
  const refused = error instanceof Refused && error.status === 403;
  return (
    <Panel
      title="Tokens"
      {...(data ? { count: data.length } : {})}
      className="tokens"
      aside={denied === null && me ? <Create /> : null}
    >
      {denied !== null || refused ? (
        <Empty>
          <Shape tone="off" /> {denied ?? "Needs admin"}
        </Empty>
      ) : error && !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading what="tokens" />
      ) : data.length === 0 ? (
        <Empty>
          No token exists. {me && !me.authenticated && "Callers from this machine come in without one."}
        </Empty>
      ) : (
        <ul className="token-rows">
          {data.map((token) => (
            <TokenRow key={token.id} token={token} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function TokenRow({ token }: { token: Token }) {
  return (
    <li data-token={token.name} className={token.expired ? "token-over" : undefined}>
      <strong className="clip">{token.name}</strong>
      <span className="kind-chip">{token.role}</span>
      <span className="second">
        made <At at={token.created_at} /> · <Ends token={token} />
      </span>
      <Revoke token={token} />
    </li>
  );
}

function Ends({ token }: { token: Token }) {
  const now = useNow();
  if (token.expires_at === null) return <>until it is revoked</>;
  if (token.expired) return <span className="tone-high">expired</span>;
  const left = (Date.parse(token.expires_at) - now) / 1000;
  return <span title={token.expires_at}>{left > 0 ? `${duration(left)} left` : "expires now"}</span>;
}

const ROLES: readonly (readonly [Role, string])[] = [
  ["viewer", "reads everything but audit and tokens"],
  ["operator", "and acknowledges, assigns, silences, pauses"],
  ["approver", "and signs plans"],
  ["auditor", "reads, and the audit record too"],
  ["admin", "everything"],
];
const HOUR_S = 3600;
const LIVES: readonly (readonly [string, number | null])[] = [
  ["1 hour", HOUR_S],
  ["1 day", 24 * HOUR_S],
  ["30 days", 720 * HOUR_S],
  ["90 days", 2160 * HOUR_S],
  ["until it is revoked", null],
];

function Create() {
  return (
    <DialogButton label="New token" heading="new-token" off={useWritesOff("admin")}>
      {(close) => <CreateForm close={close} />}
    </DialogButton>
  );
}

function CreateForm({ close }: { close: () => void }) {
  const writesOff = useWritesOff("admin");
  const queries = useQueryClient();
  const key = useRef(newKey());
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [life, setLife] = useState(2);
  const call = useMutation({
    mutationFn: (wish: TokenWish) => createToken(wish, key.current),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["tokens"] }),
  });
  if (call.data) return <Once made={call.data} close={close} />;
  return (
    <DialogForm
      heading="new-token"
      title="New token"
      explain="Its text is shown once, here. The agent keeps only a digest of it."
      error={call.error}
      keep="Make none"
      submit="Make it"
      ready={!call.isPending}
      off={writesOff}
      act={() => call.mutate({ name: name.trim() || null, role, expires_s: LIVES[life]?.[1] ?? null })}
      close={close}
    >
      <label className="field">
        Who will use it
        <input
          value={name}
          maxLength={64}
          pattern="[A-Za-z0-9][A-Za-z0-9._@\-]*"
          title="Letters, digits, . _ @ and -"
          placeholder="on-call, ci, dana"
          onChange={(change) => setName(change.target.value)}
        />
      </label>
      <label className="field">
        Role
        <select value={role} onChange={(change) => setRole(change.target.value as Role)}>
          {ROLES.map(([word, may]) => (
            <option key={word} value={word}>
              {word}: {may}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        Lives for
        <select value={life} onChange={(change) => setLife(Number(change.target.value))}>
          {LIVES.map(([word], index) => (
            <option key={word} value={index}>
              {word}
            </option>
          ))}
        </select>
      </label>
    </DialogForm>
  );
}

function Once({ made, close }: { made: NewToken; close: () => void }) {
  return (
    <div className="token-once">
      <h2 id="new-token">{made.about.name} is made</h2>
      <p className="second">
        Copy it now: this is the only time it is shown. Role {made.about.role},{" "}
        {made.about.expires_at ? (
          <>
            until <At at={made.about.expires_at} />
          </>
        ) : (
          "until it is revoked"
        )}
        .
      </p>
      <div className="secret">
        <code data-secret>{made.token}</code>
        <CopyButton text={made.token} />
      </div>
      <DialogEnd>
        <button type="button" className="button primary" onClick={close}>
          I have it
        </button>
      </DialogEnd>
    </div>
  );
}
