"""Stands in the page between its stream and the agent's, so that a test can make the fleet larger and the hour faster.

What it adds are copies of what the real agent said, under new ids and the next numbers; nothing is made up.
"""

from typing import Any

from playwright.async_api import Page

_WIRE = """(() => {
  const Real = WebSocket;
  const wire = window.wire = {
    incidents: 0, held: false, seq: 0, made: 0, clock: 0, tell: null, samples: null, status: null,

    /** What reaches the page of a message of the agent; null keeps it away. */
    pass(text) {
      const message = JSON.parse(text);
      const frames = message.frames ?? [message];
      const hello = frames.find(frame => frame.type === 'hello' && frame.snapshot);
      if (hello) {
        const {incidents, events, changes, clusters} = hello.snapshot;
        const root = incidents.find(one => one.parent_id === null && one.children.length === 0);
        wire.samples = {incident: root, event: events[0], change: changes[0], cluster: clusters[0]};
        wire.seq = hello.seq;
        for (let n = incidents.length; n < wire.incidents; n++) {
          incidents.push({...root, id: `inc_copy${n}`, title: `${root.title} no ${n}`});
        }
      }
      for (const frame of frames) if (frame.type === 'status') wire.status = frame.data;
      return wire.held ? null : JSON.stringify(message);
    },

    /** The next frame of a kind: a copy of one the agent sent, changed where `change` says. */
    next(type, change = {}) {
      const at = new Date(wire.clock || Date.now()).toISOString();
      const prev = wire.seq++;
      return {type, seq: wire.seq, prev, at, data: {...wire.samples[type], ...change}};
    },
    event() {
      const at = new Date(wire.clock || Date.now()).toISOString();
      return wire.next('event', {id: `evt_copy${wire.made++}`, at, received_at: at});
    },
    say(frames) { wire.tell(JSON.stringify({type: 'batch', frames})); },

    /** So many events a second, in each frame what is due; resolves with the milliseconds between the frames. */
    measure(frames, perSecond) {
      return new Promise(resolve => {
        const gaps = [];
        let before = null, owed = 0;
        const tick = now => {
          if (before !== null) {
            gaps.push(now - before);
            owed += perSecond * (now - before) / 1000;
            const due = Math.floor(owed);
            owed -= due;
            if (due > 0) wire.say(Array.from({length: due}, wire.event));
          }
          before = now;
          if (gaps.length < frames) requestAnimationFrame(tick); else resolve(gaps);
        };
        requestAnimationFrame(tick);
      });
    },

    /** Plays minutes of a busy fleet at twenty events a second, some seconds of it in each frame. */
    async play(minutes) {
      wire.clock ||= Date.now();
      for (let second = 0; second < minutes * 60; second++) {
        wire.clock += 1000;
        const frames = Array.from({length: 20}, wire.event);
        const n = second % 50;
        frames.push(wire.next('incident', {id: `inc_played${n}`, version: 2 + second, event_count: second}));
        const at = new Date(wire.clock).toISOString();
        frames.push(wire.next('change', {id: `chg_played${wire.clock}`, at}));
        frames.push(wire.next('cluster', {}));
        if (second % 2 === 0) {
          const server_time = new Date(wire.clock).toISOString();
          const uptime_s = wire.status.uptime_s + second;
          frames.push({type: 'status', seq: wire.seq, at: server_time, data: {...wire.status, server_time, uptime_s}});
        }
        wire.say(frames);
        if (second % 20 === 19) await new Promise(requestAnimationFrame);
      }
    },
  };
  window.WebSocket = class extends Real {
    set onmessage(act) {
      wire.tell = text => act.call(this, {data: text});
      this.addEventListener('message', ({data}) => {
        const passed = wire.pass(data);
        if (passed !== null) wire.tell(passed);
      });
    }
  };
})()"""


async def put_in(page: Page, *, incidents: int = 0) -> None:
    """Do this before the page is opened; `incidents`: so many are in the first snapshot."""
    await page.add_init_script(f"{_WIRE}; wire.incidents = {incidents};")


async def hold(page: Page) -> None:
    """From now on the page hears only what the test says."""
    await page.evaluate("wire.held = true")


async def frame_gaps(page: Page, frames: int, events_per_second: int) -> list[float]:
    """The milliseconds between so many animation frames, while events come at this rate."""
    gaps: list[float] = await page.evaluate(f"wire.measure({frames}, {events_per_second})")
    return gaps


async def play(page: Page, minutes: int) -> None:
    """Let so much of a busy fleet's time go by."""
    await page.evaluate(f"wire.play({minutes})")


async def standing_heap(page: Page) -> dict[str, float]:
    """What the page holds once everything it let go is collected: bytes of JavaScript, nodes, listeners."""
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    # The second collection takes what the first one's finalizers let go.
    for _ in range(2):
        await session.send("HeapProfiler.collectGarbage")
    answer: dict[str, Any] = await session.send("Performance.getMetrics")
    await session.detach()
    metrics = {one["name"]: float(one["value"]) for one in answer["metrics"]}
    return {name: metrics[name] for name in ("JSHeapUsedSize", "Nodes", "JSEventListeners")}
