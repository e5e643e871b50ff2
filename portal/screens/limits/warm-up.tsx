// The curve of a warm-up, a bar a day on a logarithmic scale; the words beside it say the same.
import { curveOf, type WarmUp, warmUpWords } from "./limit.ts";

const WIDTH = 480;
const HEIGHT = 120;
/** Of the room that a day has. */
const BAR = 0.8;

type CurveProps = { readonly group: string; readonly warmUp: WarmUp };

export function WarmUpCurve({ group, warmUp }: CurveProps) {
  const days = curveOf(warmUp);
  const room = WIDTH / days.length;
  return (
    <figure class="card warm-up">
      <figcaption>
        <b>Warm-up, {group}:</b> {warmUpWords(warmUp)}
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        {days.map(({ step, messages, height, is }) => (
          <rect
            key={step}
            class={is}
            x={step * room}
            y={HEIGHT * (1 - height)}
            width={room * BAR}
            height={HEIGHT * height}
            rx="2"
          >
            <title>{`day ${step + 1}: ${messages}`}</title>
          </rect>
        ))}
      </svg>
    </figure>
  );
}
