// Follows one shape with Electric's own client and prints its rows, as one JSON line, whenever they change.
// When it is refused with 401, 403 or 404 it prints {"stopped": status} and ends.
import { FetchError, Shape, ShapeStream } from "@electric-sql/client"

const { SHAPE_URL, SHAPE_PARAMS, SHAPE_HEADERS, SHAPE_SSE } = process.env
const stream = new ShapeStream({
  url: SHAPE_URL,
  params: JSON.parse(SHAPE_PARAMS),
  headers: JSON.parse(SHAPE_HEADERS),
  liveSse: SHAPE_SSE === "true",
  backoffOptions: { initialDelay: 50, maxDelay: 500, multiplier: 1.5 },
  onError: (error) => {
    console.error(String(error))
    if (error instanceof FetchError && [401, 403, 404].includes(error.status)) {
      console.log(JSON.stringify({ stopped: error.status }))
      return
    }
    return {}
  },
})
new Shape(stream).subscribe(({ rows }) => console.log(JSON.stringify(rows)))
