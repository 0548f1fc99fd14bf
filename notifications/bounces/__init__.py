"""What mail providers report afterwards: bounces and complaints."""
