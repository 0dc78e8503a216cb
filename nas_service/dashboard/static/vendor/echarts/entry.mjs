// What echarts.min.js holds. Made anew by:
//   npm install echarts@6.1.0 esbuild@0.28 && npx esbuild entry.mjs --bundle --minify --format=esm --outfile=echarts.min.js
import { use } from "echarts/core";
import { BarChart, CustomChart, LineChart, ParallelChart, ScatterChart } from "echarts/charts";
import {
  BrushComponent,
  DataZoomComponent,
  GridComponent,
  MarkAreaComponent,
  ParallelComponent,
  ToolboxComponent,
  TooltipComponent,
} from "echarts/components";
import { CanvasRenderer } from "echarts/renderers";

use([
  BarChart,
  CustomChart,
  LineChart,
  ParallelChart,
  ScatterChart,
  BrushComponent,
  DataZoomComponent,
  GridComponent,
  MarkAreaComponent,
  ParallelComponent,
  ToolboxComponent,
  TooltipComponent,
  CanvasRenderer,
]);

export { init } from "echarts/core";
