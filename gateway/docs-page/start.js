// Runs in the browser: shows /openapi.json so that requests can be sent from the page.
const reference = window.SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
  // By default the document would be sent to a validator of Swagger's.
  validatorUrl: null,
  onComplete: () => {
    // The user that `npm start` makes, until somebody names another under "Authorize".
    if (window.localStorage.getItem('authorized') === null) {
      reference.preauthorizeApiKey('userId', 'demo');
    }
  },
});
