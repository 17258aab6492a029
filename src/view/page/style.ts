/** The page's style. Colors are variables of the palette that pictures use, too. */
export const STYLE = `
* { box-sizing: border-box }
html, body { height: 100%; margin: 0 }
body { background: var(--ground); color: var(--ink); font: 13px/1.5 system-ui, sans-serif }
#page { display: grid; height: 100%; grid: "bar bar" auto "graph side" 1fr "fall fall" auto / 1fr auto }
button, input { font: inherit; color: inherit }
button { background: var(--group); border: 1px solid var(--arrow); border-radius: 6px; padding: 3px 10px; cursor: pointer }
:focus-visible { outline: 2px solid var(--node-line); outline-offset: 1px }
header { grid-area: bar; display: flex; gap: 8px; align-items: center; padding: 8px 12px; border-bottom: 1px solid var(--input-fill); flex-wrap: wrap }
h1 { font-size: 15px; margin: 0 8px 0 0 } h2 { font-size: 14px; margin: 0 } h3 { font-size: 12px; margin: 14px 0 4px; color: var(--dim); font-weight: 600 }
#search { padding: 3px 8px; border: 1px solid var(--arrow); border-radius: 6px; background: var(--ground); width: 200px }
#found, #status { color: var(--dim) }
.spring { flex: 1 }
#graph { grid-area: graph; position: relative; overflow: hidden; min-width: 0; min-height: 0 }
#graph svg { width: 100%; height: 100%; display: block; cursor: grab; touch-action: none; user-select: none } #graph svg.panning { cursor: grabbing }
#graph text { fill: var(--ink); font: 12px system-ui, sans-serif; text-anchor: middle; dominant-baseline: central; unicode-bidi: plaintext } #graph .about { fill: var(--dim); font-size: 10px }
.arrow { fill: none; stroke: var(--arrow) } .arrow.elements { stroke-width: 2.2 } #graph .label { fill: var(--dim); font-size: 11px; paint-order: stroke; stroke: var(--ground); stroke-width: 3px }
#tip { fill: var(--arrow) }
.box { cursor: pointer } .box:focus { outline: none }
.box .shape { fill: var(--fill); stroke: var(--line); stroke-width: 1.2 } .box.output > .shape { stroke: var(--output); stroke-width: 2.6 }
.box.group > .shape { fill: var(--group) } .box.mapped > .behind { fill: var(--fill); stroke: var(--line) } .box.group.mapped > .behind { fill: var(--group) }
.box:focus-visible > .shape, .box.chosen > .shape { stroke: var(--node-line); stroke-width: 3.2 } .box.found > .shape { stroke: var(--hot); stroke-width: 3.2; stroke-dasharray: 5 3 }
.faded { opacity: .25 } .arrow.near { stroke: var(--node-line); stroke-width: 2 }
.box.ahead { opacity: .45 } .box.busy > .shape { stroke: var(--hot); stroke-width: 3.4 }
aside { grid-area: side; width: 340px; overflow: auto; padding: 12px 16px; border-inline-start: 1px solid var(--input-fill); overflow-wrap: anywhere } aside[hidden] { display: none }
aside .kind { color: var(--dim); margin: 2px 0 8px } aside pre { background: var(--group); padding: 8px; overflow: auto; border-radius: 6px; font-size: 11.5px; direction: ltr; overflow-wrap: normal }
aside ul { margin: 0; padding: 0; list-style: none } aside li button { border: 0; background: none; padding: 1px 0; color: var(--node-line); text-align: start }
aside table { border-collapse: collapse } aside td { padding: 1px 12px 1px 0; font-variant-numeric: tabular-nums } aside td:first-child { color: var(--dim) }
#fall { grid-area: fall; border-top: 1px solid var(--input-fill); max-height: 25vh; overflow: auto; padding: 6px 12px } #fall[hidden] { display: none }
.replay { display: flex; gap: 8px; align-items: center; position: sticky; top: -6px; background: var(--ground); padding: 4px 0; z-index: 1 } .replay input { flex: 1; min-width: 0 }
.row { display: grid; grid-template-columns: 200px 1fr 80px; gap: 10px; align-items: center } .row button { border: 0; background: none; padding: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; text-align: start }
.row svg { width: 100%; height: 14px; direction: ltr } .row span { text-align: end; color: var(--dim); font-variant-numeric: tabular-nums }
.row .all { fill: var(--input-fill) } .row .busy { fill: var(--node-line) } .row .bad { fill: var(--failed-line) } .row .now { stroke: var(--hot); stroke-width: 2; vector-effect: non-scaling-stroke }
@media (prefers-reduced-motion: no-preference) { #view.moving { transition: transform .2s } }
`;
