// Package web is the desk's front: the dashboard that agents work in and the JSON routes that
// programs call, on one echo server over the same tickets.Desk.
//
// Start at routes (route.go), the one table of everything that can be asked and who may ask it. What
// is not in it answers 404. A page handler decodes its own form, calls the desk once and redirects;
// pages work without JavaScript. errors.go turns every error into a page or problem+json.
package web
