// Unary calls: -target HOST:PORT -inflight N -requests N -lib grpc-go|connect-go [-protocol grpc|connect]. Keeps N under way on
// one connection until all are answered, after a tenth of them as a warm-up; prints one JSON object.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"

	"bench/gen/benchv1"
	"bench/gen/benchv1/benchv1connect"

	"connectrpc.com/connect"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

var hello = &benchv1.EchoRequest{Text: "hello, world!"}

func check(answer *benchv1.EchoResponse, err error) {
	if err != nil {
		log.Fatal(err)
	}
	if answer.Text != hello.Text {
		log.Fatalf("a wrong answer: %q", answer.Text)
	}
}

func grpcCall(target string) func() {
	connection, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	client := benchv1.NewEchoServiceClient(connection)
	return func() { check(client.Echo(context.Background(), hello)) }
}

func connectCall(target, protocol string) func() {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	var options []connect.ClientOption
	if protocol == "grpc" {
		options = append(options, connect.WithGRPC())
	}
	transport := &http.Client{Transport: &http.Transport{Protocols: protocols}}
	client := benchv1connect.NewEchoServiceClient(transport, "http://"+target, options...)
	return func() {
		answer, err := client.Echo(context.Background(), connect.NewRequest(hello))
		if err != nil {
			log.Fatal(err)
		}
		check(answer.Msg, nil)
	}
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func keepCalling(call func(), inflight, total int) []time.Duration {
	each := total / inflight
	latencies := make([]time.Duration, each*inflight)
	var all sync.WaitGroup
	for own := range slices.Chunk(latencies, each) {
		all.Go(func() {
			for i := range own {
				begun := time.Now()
				call()
				own[i] = time.Since(begun)
			}
		})
	}
	all.Wait()
	return latencies
}

func main() {
	target := flag.String("target", "", "")
	lib := flag.String("lib", "connect-go", "")
	protocol := flag.String("protocol", "grpc", "")
	inflight := flag.Int("inflight", 1, "")
	requests := flag.Int("requests", 1000, "")
	flag.Parse()
	var call func()
	if *lib == "grpc-go" {
		call = grpcCall(*target)
	} else {
		call = connectCall(*target, *protocol)
	}
	keepCalling(call, *inflight, max(*requests/10, *inflight))
	cpu, begun := cpuTime(), time.Now()
	latencies := keepCalling(call, *inflight, *requests)
	cpu, wall := cpuTime()-cpu, time.Since(begun)
	slices.Sort(latencies)
	done := len(latencies)
	us := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
	fmt.Printf("{\"done\": %d, \"cpu_us\": %.3f, \"rps\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", done, us(cpu)/float64(done),
		float64(done)/wall.Seconds(), us(latencies[done/2]), us(latencies[done*99/100]))
}
