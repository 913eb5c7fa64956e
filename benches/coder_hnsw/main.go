// Adds rows to a graph of github.com/coder/hnsw as benches/ingest.py adds them to vectord, and prints JSON.
//
// go run . ROWS DIMENSION BASE ADDED SIZE...: ROWS is a file of raw little-endian float32. The first BASE rows
// are added at once; then for each SIZE, ADDED more rows in batches of SIZE. Times are microseconds per
// row. The graph is in memory and has its defaults: M=16, EfSearch=20, cosine.
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand"
	"os"
	"strconv"
	"time"

	"github.com/coder/hnsw"
)

type measured struct {
	BaseUs  float64            `json:"base_us"`
	AddedUs map[string]float64 `json:"added_us"`
	Recall  float64            `json:"self_recall"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 5 {
		return fmt.Errorf("usage: coder_hnsw ROWS DIMENSION BASE ADDED SIZE...")
	}
	numbers := make([]int, len(args)-1)
	for i, arg := range args[1:] {
		number, err := strconv.Atoi(arg)
		if err != nil {
			return err
		}
		numbers[i] = number
	}
	dimension, base, added, sizes := numbers[0], numbers[1], numbers[2], numbers[3:]
	nodes, err := read(args[0], dimension)
	if err != nil {
		return err
	}
	if len(nodes) < base+added*len(sizes) {
		return fmt.Errorf("%d rows, fewer than %d", len(nodes), base+added*len(sizes))
	}

	graph := hnsw.NewGraph[int]()
	graph.Rng = rand.New(rand.NewSource(1))
	told := measured{AddedUs: map[string]float64{}}
	told.BaseUs = timed(graph, nodes[:base], base)
	at := base
	for _, size := range sizes {
		told.AddedUs[strconv.Itoa(size)] = timed(graph, nodes[at:at+added], size)
		at += added
	}
	// How many of the last 1,000 rows are found by themselves: what the adds were worth.
	found := 0
	for _, node := range nodes[at-1000 : at] {
		for _, near := range graph.Search(node.Value, 10) {
			if near.Key == node.Key {
				found++
			}
		}
	}
	told.Recall = float64(found) / 1000
	return json.NewEncoder(os.Stdout).Encode(told)
}

// timed adds nodes in batches of size, and returns microseconds per row.
func timed(graph *hnsw.Graph[int], nodes []hnsw.Node[int], size int) float64 {
	begun := time.Now()
	for start := 0; start < len(nodes); start += size {
		graph.Add(nodes[start:min(start+size, len(nodes))]...)
	}
	return float64(time.Since(begun).Nanoseconds()) / 1e3 / float64(len(nodes))
}

func read(path string, dimension int) ([]hnsw.Node[int], error) {
	bytes, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	nodes := make([]hnsw.Node[int], len(bytes)/4/dimension)
	for row := range nodes {
		vector := make([]float32, dimension)
		for i := range vector {
			vector[i] = math.Float32frombits(binary.LittleEndian.Uint32(bytes[(row*dimension+i)*4:]))
		}
		nodes[row] = hnsw.MakeNode(row, vector)
	}
	return nodes, nil
}
