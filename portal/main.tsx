// The portal's entry: puts the app into the page.
import { render } from "preact";
import { App } from "./app.tsx";
import { placeOf } from "./lib/router.ts";
import { SCREENS } from "./screens.ts";
import "./portal.css";

// What the address asks for is fetched while it is still asked who is here. Where that fails, its own loader says so.
const { screen } = placeOf(location.hash);
SCREENS.find(({ path }) => path === screen)
  ?.load()
  .catch(() => undefined);

const root = document.getElementById("portal");
if (root) render(<App />, root);
