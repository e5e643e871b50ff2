// The portal's entry: puts the app into the page.
import { render } from "preact";
import { App } from "./app.tsx";
import "./portal.css";

const root = document.getElementById("portal");
if (root) render(<App />, root);
