// The frame around every screen: log-in, navigation, and the screen that the URL names.
import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { keepFocus } from "./lib/focus.ts";
import { hashOf, usePlace } from "./lib/router.ts";
import { onSessionEnd } from "./lib/api.ts";
import { type Me, MeContext, signOut, whoAmI } from "./lib/session.ts";
import { Find } from "./find.tsx";
import { Invitation } from "./invitation.tsx";
import { LogIn } from "./log-in.tsx";
import { GROUPS, type Screen, screensOf } from "./screens.ts";
import { Link } from "./ui/link.tsx";
import { Empty, Failure, Waiting } from "./ui/parts.tsx";
import { say, Toast } from "./ui/toast.tsx";

/** Who is here: nobody knows yet, nobody (and why), or somebody. */
type Presence =
  | { readonly is: "unknown" }
  | { readonly is: "nobody"; readonly reason: string | null }
  | { readonly is: "somebody"; readonly me: Me };

const ENDED = "Your session has ended. Sign in again.";

export function App() {
  const [presence, setPresence] = useState<Presence>({ is: "unknown" });
  const [error, setError] = useState<unknown>(null);
  const look = (): void => {
    setError(null);
    whoAmI().then((me) => {
      setPresence(me ? { is: "somebody", me } : { is: "nobody", reason: null });
      onSessionEnd(() =>
        setPresence((now) => (now.is === "somebody" ? { is: "nobody", reason: ENDED } : now)),
      );
    }, setError);
  };
  useEffect(look, []);
  const place = usePlace();
  if (place.screen === "invitation") {
    const chosen = (email: string): void =>
      setPresence({ is: "nobody", reason: `Sign in as ${email} with the password you chose.` });
    return <Invitation token={place.id} done={chosen} />;
  }
  if (error !== null) return <Failure error={error} again={look} />;
  switch (presence.is) {
    case "unknown":
      return <Waiting />;
    case "nobody":
      return <LogIn reason={presence.reason} done={(me) => setPresence({ is: "somebody", me })} />;
    case "somebody":
      return <Frame me={presence.me} left={() => setPresence({ is: "nobody", reason: null })} />;
  }
}

type FrameProps = {
  readonly me: Me;
  /** Told when they have signed out. */
  readonly left: () => void;
};

function Frame({ me, left }: FrameProps) {
  const place = usePlace();
  const screens = screensOf(me);
  const screen = screens.find(({ path }) => path === place.screen);
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const [isOpen, setOpen] = useState(false);
  useEffect(() => (main.current ? keepFocus(main.current) : undefined), []);
  useEffect(() => {
    setOpen(false);
    document.title = `${screen?.label ?? "Edgepost"} · Edgepost`;
    // After a change of the screen the keyboard goes on in it; at the start it begins at the top.
    if (!isFirst.current) {
      main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    isFirst.current = false;
  }, [place.screen, place.id]);
  return (
    <MeContext.Provider value={me}>
      <a class="skip" href="#content" onClick={(event) => skipTo(event, main.current)}>
        Skip to the content
      </a>
      <header class="top">
        <span class="brand">
          <img src="/docs/icon.svg" alt="" width="24" height="24" /> Edgepost
        </span>
        <button
          type="button"
          class="small menu"
          aria-expanded={isOpen}
          aria-controls="screens"
          onClick={() => setOpen(!isOpen)}
        >
          Menu
        </button>
        <button
          type="button"
          class="small"
          title={`${me.user.email}, ${me.user.role}`}
          onClick={() =>
            void signOut().then(left, (error: unknown) =>
              say(error instanceof Error ? error.message : String(error)),
            )
          }
        >
          Sign out
        </button>
      </header>
      <div class="frame">
        <Navigation screens={screens} current={place.screen} isOpen={isOpen} />
        <main id="content" ref={main} tabIndex={-1}>
          {screen ? <Loader key={`${screen.path}/${place.id}`} screen={screen} /> : <Nowhere />}
        </main>
      </div>
      <Toast />
    </MeContext.Provider>
  );
}

type NavigationProps = {
  readonly screens: readonly Screen[];
  readonly current: string;
  /** On a phone it is folded away until somebody asks for it. */
  readonly isOpen: boolean;
};

function Navigation({ screens, current, isOpen }: NavigationProps) {
  const named = screens.filter(({ label }) => label !== null);
  const groups = GROUPS.map((name) => ({
    name,
    screens: named.filter(({ group }) => group === name),
  })).filter(({ name, screens }) => screens.length > 0 || name === "Developers");
  return (
    <nav id="screens" aria-label="Screens" class={isOpen ? "screens open" : "screens"}>
      {screens.some(({ path }) => path === "activity") && <Find />}
      {groups.map(({ name, screens }) => (
        <div key={name} role="group" aria-label={name}>
          <p aria-hidden="true">{name}</p>
          {screens.map(({ path, label }) => (
            <a
              key={path}
              href={hashOf({ screen: path })}
              aria-current={path === current ? "page" : undefined}
            >
              {label}
            </a>
          ))}
          {name === "Developers" && <a href="/docs">API</a>}
        </div>
      ))}
    </nav>
  );
}

/** Behind the # stands where we are, so the link must not change it. */
function skipTo(event: Event, main: HTMLElement | null): void {
  event.preventDefault();
  main?.focus();
}

function Loader({ screen }: { readonly screen: Screen }) {
  const [Loaded, setLoaded] = useState<ComponentType | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    screen.load().then(({ Screen }) => setLoaded(() => Screen), setError);
  }, [screen]);
  if (error !== null) {
    const text = new Error("This screen could not be loaded: a new version may be there.");
    return <Failure error={text} again={() => location.reload()} />;
  }
  return Loaded === null ? <Waiting /> : <Loaded />;
}

function Nowhere() {
  return (
    <Empty title="There is no such screen for you">
      Go to the <Link to={{ screen: "overview" }}>overview</Link>.
    </Empty>
  );
}
