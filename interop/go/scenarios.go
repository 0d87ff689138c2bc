package interop

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"interop/gen/interopv1"
)

// RunAll calls run for each scenario of a file and prints what it gives, one Outcome a line as JSON.
func RunAll(path string, run func(context.Context, *interopv1.Scenario, *interopv1.Outcome) error) {
	text, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	table := &interopv1.Scenarios{}
	if err := protojson.Unmarshal(text, table); err != nil {
		log.Fatal(err)
	}
	for _, scenario := range table.GetScenarios() {
		timeout := 20 * time.Second
		if scenario.GetTimeoutMs() != 0 {
			timeout = time.Duration(scenario.GetTimeoutMs()) * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		if timeout < 0 {
			ctx, cancel = context.WithCancel(context.Background())
		}
		outcome := &interopv1.Outcome{Scenario: scenario.GetName()}
		if err := run(ctx, scenario, outcome); err != nil {
			log.Fatalf("%s: %v", scenario.GetName(), err)
		}
		cancel()
		line, err := protojson.Marshal(outcome)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(line))
	}
}

// AddMessage puts a response of a stream into an outcome.
func AddMessage(outcome *interopv1.Outcome, response *interopv1.CallResponse) {
	if len(outcome.Texts) == 0 {
		outcome.Response = response
	}
	outcome.Texts = append(outcome.Texts, response.GetText())
}

// ReplyNames gives each name that the response may have, once.
func ReplyNames(request *interopv1.CallRequest) []string {
	var names []string
	seen := map[string]bool{}
	for _, pairs := range [][]*interopv1.Pair{request.GetHeaders(), request.GetFailure().GetMetadata(), request.GetTrailers()} {
		for _, pair := range pairs {
			if !seen[pair.GetName()] {
				seen[pair.GetName()] = true
				names = append(names, pair.GetName())
			}
		}
	}
	return names
}

// Response is what a server answers to a request, by what it has observed of the call.
func Response(ctx context.Context, request *interopv1.CallRequest, observed []*interopv1.Pair) *interopv1.CallResponse {
	response := &interopv1.CallResponse{Text: request.GetText(), Observed: observed}
	if deadline, ok := ctx.Deadline(); ok {
		response.TimeoutMs = time.Until(deadline).Milliseconds()
	}
	return response
}

// With gives the same response with another text.
func With(response *interopv1.CallResponse, text string) *interopv1.CallResponse {
	return &interopv1.CallResponse{Text: text, Observed: response.GetObserved(), TimeoutMs: response.GetTimeoutMs()}
}

// Sleep waits as long as the request says; less, and fails, if the call is cancelled.
func Sleep(ctx context.Context, request *interopv1.CallRequest) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(request.GetDelayMs()) * time.Millisecond):
		return nil
	}
}
