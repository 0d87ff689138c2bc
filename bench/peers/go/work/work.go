// Package work is what both servers do with a message.
package work

import (
	"bytes"

	"bench/gen/benchv1"
)

// Same answers a request with itself.
func Same(m *benchv1.EchoRequest) *benchv1.EchoResponse {
	return &benchv1.EchoResponse{Text: m.Text, Payload: m.Payload}
}

// Filled is the message that a stream repeats.
func Filled(size int32) *benchv1.EchoResponse {
	return &benchv1.EchoResponse{Payload: bytes.Repeat([]byte("x"), int(size))}
}

// Count adds a message of an upload.
func Count(sum *benchv1.IngestResponse, m *benchv1.EchoRequest) {
	sum.Count++
	sum.Bytes += int64(len(m.Payload))
}

// Sums reads every field of every record.
func Sums(in *benchv1.IngestRequest) *benchv1.IngestResponse {
	sum := &benchv1.IngestResponse{Count: int32(len(in.Records))}
	for _, r := range in.Records {
		sum.MaxSeverity = max(sum.MaxSeverity, r.Severity)
		for _, text := range [...]string{r.Service, r.Instance, r.Message, r.TraceId, r.SpanId, r.Source.GetFile(), r.Source.GetFunction()} {
			sum.Bytes += int64(len(text))
		}
		for key, value := range r.Labels {
			sum.Bytes += int64(len(key) + len(value))
		}
	}
	return sum
}
