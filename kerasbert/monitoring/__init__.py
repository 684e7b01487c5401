"""What has changed since training: profiles of texts and predictions, drift tests, their page."""
