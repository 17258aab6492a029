import type { Rect } from "./layout.js";

/** Zoom factor of a wheel's notch, a key, or a button. */
const STEP = 1.2;
const LEAST = 0.02;
const MAX_ZOOM = 4;

/** The visible part of the drawing: moved by mouse, touch, wheel and keys. */
export class Viewport {
  private x = 0;
  private y = 0;
  private scale = 1;
  private view: SVGGElement | undefined;
  private readonly pointers = new Map<number, PointerEvent>();

  constructor(private readonly canvas: SVGSVGElement) {
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        if (event.ctrlKey || !event.shiftKey) this.zoom(STEP ** (-event.deltaY / 120), event.offsetX, event.offsetY);
        else this.pan(-event.deltaY, 0);
      },
      { passive: false },
    );
    canvas.addEventListener("pointerdown", (event) => this.pointers.set(event.pointerId, event));
    window.addEventListener("pointermove", (event) => this.moved(event));
    for (const end of ["pointerup", "pointercancel"] as const) {
      window.addEventListener(end, (event) => {
        this.pointers.delete(event.pointerId);
        canvas.classList.toggle("panning", this.pointers.size > 0);
      });
    }
  }

  private moved(event: PointerEvent): void {
    const before = this.pointers.get(event.pointerId);
    if (before === undefined) return;
    const others = [...this.pointers.values()].filter(({ pointerId }) => pointerId !== event.pointerId);
    this.canvas.classList.add("panning");
    if (others.length === 0) this.pan(event.clientX - before.clientX, event.clientY - before.clientY);
    else {
      const [other] = others as [PointerEvent];
      const apart = (at: PointerEvent) => Math.hypot(at.clientX - other.clientX, at.clientY - other.clientY);
      const { left, top } = this.canvas.getBoundingClientRect();
      this.zoom(apart(event) / Math.max(1, apart(before)), other.clientX - left, other.clientY - top);
    }
    this.pointers.set(event.pointerId, event);
  }

  /** Replaces the drawing; the visible part stays. */
  show(view: SVGGElement): void {
    this.view?.remove();
    this.view = view;
    this.canvas.append(view);
    this.apply();
  }

  pan(dx: number, dy: number): void {
    this.x += dx;
    this.y += dy;
    this.apply();
  }

  zoom(factor: number, aroundX = this.canvas.clientWidth / 2, aroundY = this.canvas.clientHeight / 2): void {
    const scale = Math.min(MAX_ZOOM, Math.max(LEAST, this.scale * factor));
    const ratio = scale / this.scale;
    this.x = aroundX - (aroundX - this.x) * ratio;
    this.y = aroundY - (aroundY - this.y) * ratio;
    this.scale = scale;
    this.apply();
  }

  in(): void {
    this.zoom(STEP);
  }

  out(): void {
    this.zoom(1 / STEP);
  }

  fit({ width, height }: Pick<Rect, "width" | "height">): void {
    const { clientWidth, clientHeight } = this.canvas;
    this.scale = Math.min(1.2, Math.max(LEAST, Math.min(clientWidth / width, clientHeight / height)));
    this.x = (clientWidth - width * this.scale) / 2;
    this.y = Math.max(0, (clientHeight - height * this.scale) / 2);
    this.apply();
  }

  /** Moves a part into view, large enough to read. */
  reveal({ x, y, width, height }: Rect): void {
    const { clientWidth, clientHeight } = this.canvas;
    if (this.scale < 0.6) this.scale = 1;
    const left = x * this.scale + this.x;
    const top = y * this.scale + this.y;
    const inSight =
      left >= 0 && top >= 0 && left + width * this.scale <= clientWidth && top + height * this.scale <= clientHeight;
    if (!inSight) {
      this.x = clientWidth / 2 - (x + width / 2) * this.scale;
      this.y = clientHeight / 2 - (y + height / 2) * this.scale;
    }
    this.apply();
  }

  private apply(): void {
    this.view?.setAttribute("transform", `translate(${this.x} ${this.y}) scale(${this.scale})`);
  }
}
