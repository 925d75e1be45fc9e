// Package agents is the people and programs that work at the desk: support agents with their roles
// and passwords, their sessions, and API keys with scopes. Who may do what is one table, Role.May.
package agents
