// Reads what `vectord export --format lhv1-go` wrote, as the Go service does: the envelope, then
// coder/hnsw's Graph.Import. Prints one JSON document: what was loaded, every row as the graph has it, and
// how many of the rows, and of their ten nearest, a search of the graph finds.
//
// With --rebuild the graph is built by coder/hnsw itself from the same rows first, to compare with.
package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sort"

	"github.com/coder/hnsw"
)

type envelope struct {
	Version int `json:"version"`
	Params  struct {
		Name      string `json:"name"`
		Dimension int    `json:"dimension"`
		M         int    `json:"m"`
		EfSearch  int    `json:"ef_search"`
		Distance  string `json:"distance"`
	} `json:"params"`
	Metadata map[string]json.RawMessage `json:"metadata"`
}

type document struct {
	envelope
	Rows    int                  `json:"rows"`
	Vectors map[string][]float32 `json:"vectors"`
	// The share of rows asked for that the graph finds first, and of their ten nearest that it finds.
	Found  float64 `json:"found"`
	Recall float64 `json:"recall_at_10"`
}

// Rows that are searched for.
const queries = 200

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	blob, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	if len(blob) < 8 || string(blob[:4]) != "LHV1" {
		return fmt.Errorf("not an LHV1 frame")
	}
	end := 8 + int(binary.BigEndian.Uint32(blob[4:8]))
	var out document
	if err := json.Unmarshal(blob[8:end], &out.envelope); err != nil {
		return err
	}
	graph := hnsw.NewGraph[string]()
	if err := graph.Import(bytes.NewReader(blob[end:])); err != nil {
		return err
	}
	out.Rows = graph.Len()
	out.Vectors = vectors(blob[end:])
	for key, vector := range out.Vectors {
		there, ok := graph.Lookup(key)
		if !ok || !slices.Equal(there, vector) {
			return fmt.Errorf("%q is not in the graph as it is in the file", key)
		}
	}
	ids := make([]string, 0, len(out.Vectors))
	for id := range out.Vectors {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	if slices.Contains(args[1:], "--rebuild") {
		built := hnsw.NewGraph[string]()
		built.M, built.EfSearch, built.Distance = graph.M, graph.EfSearch, graph.Distance
		for _, id := range ids {
			built.Add(hnsw.MakeNode(id, out.Vectors[id]))
		}
		graph = built
	}
	out.Found, out.Recall = quality(graph, ids, out.Vectors)
	// The service goes on adding to what it loaded.
	if len(ids) > 0 {
		graph.Add(hnsw.MakeNode("one more row", out.Vectors[ids[0]]))
		if graph.Len() != out.Rows+1 {
			return fmt.Errorf("%d rows after adding one to %d", graph.Len(), out.Rows)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

// vectors walks an export's base layer, because a graph does not list its keys.
func vectors(export []byte) map[string][]float32 {
	in := bytes.NewReader(export)
	number := func() int {
		value, err := binary.ReadVarint(in)
		if err != nil {
			panic(err)
		}
		return int(value)
	}
	text := func() string {
		buffer := make([]byte, number())
		if _, err := in.Read(buffer); err != nil && len(buffer) > 0 {
			panic(err)
		}
		return string(buffer)
	}
	number()      // version
	number()      // M
	in.Seek(8, 1) // Ml
	number()      // EfSearch
	text()        // distance
	rows := map[string][]float32{}
	if number() == 0 {
		return rows
	}
	for range make([]struct{}, number()) {
		key := text()
		vector := make([]float32, number())
		if err := binary.Read(in, binary.LittleEndian, vector); err != nil {
			panic(err)
		}
		rows[key] = vector
		for range make([]struct{}, number()) {
			text()
		}
	}
	return rows
}

func quality(graph *hnsw.Graph[string], ids []string, rows map[string][]float32) (float64, float64) {
	if len(ids) == 0 {
		return 1, 1
	}
	step := max(1, len(ids)/queries)
	var asked, found, near, wanted int
	for at := 0; at < len(ids); at += step {
		query := rows[ids[at]]
		k := min(10, len(ids))
		order := slices.Clone(ids)
		distances := make(map[string]float32, len(ids))
		for _, id := range ids {
			distances[id] = graph.Distance(rows[id], query)
		}
		sort.Slice(order, func(a, b int) bool { return distances[order[a]] < distances[order[b]] })
		hits := graph.Search(query, k)
		asked++
		wanted += k
		farthest := distances[order[k-1]]
		for _, hit := range hits {
			if hit.Key == ids[at] {
				found++
			}
			if distances[hit.Key] <= farthest {
				near++
			}
		}
	}
	return float64(found) / float64(asked), float64(near) / float64(wanted)
}
