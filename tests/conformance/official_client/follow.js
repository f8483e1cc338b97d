// Follows one shape with Electric's own client and prints its rows, as one JSON line, whenever they change.
import { Shape, ShapeStream } from "@electric-sql/client"

const { SHAPE_URL, SHAPE_SECRET, SHAPE_TABLE, SHAPE_SSE } = process.env
const stream = new ShapeStream({
  url: `${SHAPE_URL}/v1/shape`,
  params: { table: SHAPE_TABLE, secret: SHAPE_SECRET },
  liveSse: SHAPE_SSE === "true",
  backoffOptions: { initialDelay: 50, maxDelay: 500, multiplier: 1.5 },
  onError: (error) => {
    console.error(String(error))
    return {}
  },
})
new Shape(stream).subscribe(({ rows }) => console.log(JSON.stringify(rows)))
