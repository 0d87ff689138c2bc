// Package interop has what the programs of connect-go and grpc-go share.
package interop

import (
	"net/http"
	"strings"

	"connectrpc.com/connect"

	"interop/gen/interopv1"
)

// Opening is the request header that says what a conversation is to do.
const Opening = "interop-opening-bin"

// IsBinary says whether a header of this name holds bytes.
func IsBinary(name string) bool { return strings.HasSuffix(name, "-bin") }

// Add appends pairs to a header map.
func Add(to http.Header, pairs []*interopv1.Pair) {
	for _, pair := range pairs {
		value := pair.GetValue()
		if IsBinary(pair.GetName()) && !pair.GetRaw() {
			value = connect.EncodeBinaryHeader(pair.GetBinary())
		}
		to.Add(pair.GetName(), value)
	}
}

// Pick gives the pairs that a header map has of the names.
func Pick(from http.Header, names []string) []*interopv1.Pair {
	var pairs []*interopv1.Pair
	for _, name := range names {
		for _, value := range from.Values(name) {
			pair := &interopv1.Pair{Name: name}
			if IsBinary(name) {
				bytes, err := connect.DecodeBinaryHeader(value)
				if err != nil {
					pair.Value = value
					pair.Raw = true
				}
				pair.Binary = bytes
			} else {
				pair.Value = value
			}
			pairs = append(pairs, pair)
		}
	}
	return pairs
}
